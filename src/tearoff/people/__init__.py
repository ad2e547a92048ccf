"""The people messages go to: contacts and their groups, who opted out and who came back, and
what their replies mean."""
