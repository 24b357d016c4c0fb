"""What can be taken away: pages, files, code, spreadsheets, and the whole lab as a document. Read `exports` first."""
