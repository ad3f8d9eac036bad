"""What changes documents: adding, editing, tagging, turning, retrying, deleting."""
