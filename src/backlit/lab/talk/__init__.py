"""What page and Python say to each other, and how it is written on the wire. Read `protocol` first."""
