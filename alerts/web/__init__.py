"""The site: analysts review, operators add areas, recipients follow the links of their mails.

site.py puts it together from `Parts`; guard.py decides who may in; pages/ holds one module
for each group of pages, whose templates and words bear its name. Every route says which
role it needs, and one that does not is refused to everybody.
"""
