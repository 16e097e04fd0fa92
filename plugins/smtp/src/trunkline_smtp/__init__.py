"""E-mail through any mail server: SMTP out, IMAP in."""
