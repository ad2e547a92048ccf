"""The people messages go to: who opted out, who came back, and what their replies mean."""
