"""What happened in one step of backpropagation: every number of it, calculated by `backlit.core` and kept as it came.

The tree of numbers is data alone, so that whatever shows it (a page, a JSON document, a browser) needs nothing but the
tree. Who has the network is left open: `network_with_examples` takes a bare network, or any model that can give one.
Read `tree` first, for what there is, then `step`, for how it is worked.
"""
