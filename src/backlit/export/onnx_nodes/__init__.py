"""The parts of an ONNX model, each appended to one growing graph: encoder, network, and what the outputs mean."""
