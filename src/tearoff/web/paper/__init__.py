"""What every page stands on: how HTML is printed and sent, forms and their tokens, pages that only
say something, frames, our files with a hash in their address, cookies, words."""
