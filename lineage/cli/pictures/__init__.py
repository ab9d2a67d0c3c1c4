"""What commands show in a terminal: answers in, what rich prints out. A file a subject. Pure."""
