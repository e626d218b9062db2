"""The words of messages, one module for each language. `alerts.words` reads them."""
