"""The one choke point: nothing goes out that has not passed here."""
