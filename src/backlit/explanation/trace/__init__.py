"""What happened in one step of backpropagation: every number of it, calculated by `backlit.core` and kept as it came.

The tree of numbers is data alone, so that whatever shows it (a page, a JSON document, a browser) needs nothing else.
The network may come from anywhere: `network_with_examples` takes a bare network, or any model that can give one. Read
`tree` first, for what there is, then `step`, for how it is computed.
"""
