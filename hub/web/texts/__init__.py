"""Pages of text that coordinators edit: house rules, tips, privacy. Shipped as Markdown in config/pages."""
