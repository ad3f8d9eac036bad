"""Works on pixels; knows no file format."""
