"""What the counters of staff share: navigation, one way to answer and to try, words for messages."""
