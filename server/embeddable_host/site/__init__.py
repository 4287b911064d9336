"""The site: a mapping from path to asset, put together from its parts."""
