"""The server: who may speak to the lab, what is read of a request, and the pages that are open. Read `guard` first."""
