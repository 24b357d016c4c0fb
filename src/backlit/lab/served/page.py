"""The files of the page: a few names, each with its bytes. No path of a request ever becomes a path of the disk."""

from __future__ import annotations

from importlib import resources

INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>backlit lab</title>
<link rel="icon" href="data:,">
<script type="module" src="/built/page.js"></script>
</head>
<body>
<div id="lab"></div>
<noscript>The lab needs JavaScript, which this browser does not run.</noscript>
</body>
</html>
"""
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".woff2": "font/woff2"}


def page_files() -> dict[str, tuple[bytes, str]]:
    """Return the bytes and the type of each file of the page, by its address."""
    files = {"/": (INDEX.encode(), "text/html; charset=utf-8")}
    built = resources.files("backlit.lab") / "built"
    if built.is_dir():
        for file in built.iterdir():
            media_type = _TYPES.get("." + file.name.rpartition(".")[2])
            if media_type is not None and file.is_file():
                files[f"/built/{file.name}"] = (file.read_bytes(), media_type)
    return files
