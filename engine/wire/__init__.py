"""Messages that cross a process boundary, their bytes, and the sockets that carry them."""
