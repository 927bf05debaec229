"""Cairn's formats once more, written from docs/reference/formats.md alone: an oracle independent of the Swift sources."""
