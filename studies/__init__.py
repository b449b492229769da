"""One study a file. Copy one to begin your own."""
