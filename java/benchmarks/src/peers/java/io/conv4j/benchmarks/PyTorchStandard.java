package io.conv4j.benchmarks;

import io.conv4j.benchmarks.Peer.PeerSide;
import io.conv4j.benchmarks.Peer.Way;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Standard and transposed convolution: one call, in both orders of activations, with and without a given result. */
final class PyTorchStandard {
    private PyTorchStandard() {}

    static List<Way> ways(Layer layer, long batch) {
        List<Way> ways = new ArrayList<>();
        for (boolean channelsLast : new boolean[] {true, false}) {
            String order = channelsLast ? "channels-last" : "contiguous";
            ways.add(new Way(order, pass -> side(layer, batch, channelsLast, pass)));
            ways.add(new Way(
                    order + ", out given", pass -> pass == Pass.FORWARD ? given(layer, batch, channelsLast) : null));
            if (layer.op() == Layer.Op.STANDARD) {
                ways.add(new Way(
                        order + ", weights packed",
                        pass -> pass == Pass.FORWARD ? packed(layer, batch, channelsLast) : null));
            }
        }
        return ways;
    }

    private static Tensor source(Layer layer, long batch, boolean channelsLast) {
        return PyTorch.random(channelsLast, batch, layer.inChannels(), layer.input(), layer.input());
    }

    private static Tensor output(Layer layer, long batch, boolean channelsLast) {
        return PyTorch.random(channelsLast, batch, layer.outChannels(), layer.output(), layer.output());
    }

    private static Tensor weights(Layer layer, boolean channelsLast) {
        long from = layer.op() == Layer.Op.TRANSPOSED ? layer.inChannels() : layer.outChannels();
        long to = layer.op() == Layer.Op.TRANSPOSED ? layer.outChannels() : layer.inChannels();
        return PyTorch.random(channelsLast, from, to / layer.groups(), layer.kernel(), layer.kernel());
    }

    private static PeerSide side(Layer layer, long batch, boolean channelsLast, Pass pass) {
        PointerScope memory = new PointerScope();
        Tensor source = source(layer, batch, channelsLast);
        Tensor weights = weights(layer, channelsLast);
        Tensor gradient = output(layer, batch, channelsLast);
        long stride = layer.stride();
        long padding = layer.padding();
        long groups = layer.groups();
        Tensor[] result = new Tensor[1];
        return PyTorch.side(
                memory,
                switch (pass) {
                    case FORWARD ->
                        () -> result[0] = PyTorch.convolution(layer, source, weights, stride, padding, groups);
                    case BACKWARD_DATA ->
                        () -> result[0] =
                                PyTorch.backwardData(layer, gradient, source, weights, stride, padding, groups);
                    case BACKWARD_WEIGHTS ->
                        () -> result[0] =
                                PyTorch.backwardWeights(layer, gradient, source, weights, stride, padding, groups);
                },
                operand -> operand == Operand.resultOf(pass) ? result[0] : operand(operand, source, weights, gradient));
    }

    private static Tensor operand(Operand operand, Tensor source, Tensor weights, Tensor output) {
        return switch (operand) {
            case SOURCE -> source;
            case WEIGHTS -> weights;
            case OUTPUT -> output;
        };
    }

    private static PeerSide given(Layer layer, long batch, boolean channelsLast) {
        PointerScope memory = new PointerScope();
        Tensor source = source(layer, batch, channelsLast);
        Tensor weights = weights(layer, channelsLast);
        Tensor result = output(layer, batch, channelsLast);
        return PyTorch.side(
                memory,
                () -> PyTorch.convolutionInto(result, layer, source, weights),
                operand -> operand(operand, source, weights, result));
    }

    private static PeerSide packed(Layer layer, long batch, boolean channelsLast) {
        PointerScope memory = new PointerScope();
        Tensor source = source(layer, batch, channelsLast);
        long[] stride = PyTorch.both(layer.stride());
        long[] padding = PyTorch.both(layer.padding());
        long[] dilation = PyTorch.both(layer.dilation());
        Tensor given = weights(layer, channelsLast);
        Tensor weights = torch.mkldnn_reorder_conv2d_weight(
                given.to_mkldnn(),
                padding,
                stride,
                dilation,
                layer.groups(),
                batch,
                layer.inChannels(),
                layer.input(),
                layer.input());
        Tensor[] result = new Tensor[1];
        return PyTorch.side(
                memory,
                () -> result[0] = torch.mkldnn_convolution(
                        source, weights, new TensorOptional(), padding, stride, dilation, layer.groups()),
                operand -> operand(operand, source, given, result[0]));
    }
}
