"""The network, its export to ONNX and the checks that the two agree."""
