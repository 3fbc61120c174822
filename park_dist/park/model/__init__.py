"""The pure model that client, index and service share: values in, values out."""
