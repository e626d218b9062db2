"""Map controls of our own: each a Folium MacroElement with a small script, no plugin."""
