"""A municipality tells its canton what changes in a notified case, that it ends, or that somebody moves (F2, F4, F5);
see README.md."""
