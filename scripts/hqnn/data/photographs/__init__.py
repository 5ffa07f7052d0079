"""Images that a frozen backbone sees."""
