package io.conv4j.benchmarks;

import io.conv4j.benchmarks.Peer.Way;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Tiled layers: one strided convolution per kernel, whose results are scattered; or one grouped convolution over copies of
 * the source, one per kernel, each shifted to that kernel's first position.
 */
final class PyTorchTiled {
    private final Layer layer;
    private final int period;
    private final int kernels;
    private final long stride; // of a kernel's positions
    private final long most; // positions of a kernel on an axis, at most
    private final long extent; // of the source that a kernel sees

    private final Tensor source;
    private final Tensor inner;
    private final Tensor[] windows; // of the padded source, one per kernel
    private final Tensor[] positions; // of the output
    private final Tensor[] weights;
    private final Tensor paddedSource;
    private final Tensor output;
    private Tensor sourceGradient;
    private final Tensor[] weightsGradient; // one per kernel, or the grouped convolution's

    // Of the grouped convolution.
    private final Tensor shifted;
    private final Tensor[] shiftedWindows;
    private final Tensor groupedWeights;
    private final long[] counts;

    private PyTorchTiled(Layer layer, long batch, boolean channelsLast, boolean grouped) {
        this.layer = layer;
        period = (int) layer.period();
        kernels = period * period;
        stride = layer.stride() * period;
        most = (layer.output() + period - 1) / period;
        extent = (most - 1) * stride + layer.kernel();
        long channels = layer.inChannels();
        // As far as the last kernel's window would reach if it had as many positions as the first.
        long padded = Math.max(layer.input() + 2 * layer.padding(), (period - 1) * layer.stride() + extent);
        source = PyTorch.random(channelsLast, batch, channels, layer.input(), layer.input());
        paddedSource = PyTorch.zeros(channelsLast, batch, channels, padded, padded);
        inner = inner(paddedSource);
        output = PyTorch.random(channelsLast, batch, layer.outChannels(), layer.output(), layer.output());
        counts = new long[period];
        for (int i = 0; i < period; i++) {
            counts[i] = (layer.output() - i + period - 1) / period;
        }
        windows = windows(paddedSource, grouped);
        positions = new Tensor[kernels];
        weights = new Tensor[kernels];
        weightsGradient = new Tensor[grouped ? 1 : kernels];
        for (int k = 0; k < kernels; k++) {
            int i = k / period;
            int j = k % period;
            positions[k] = PyTorch.window(output, i, counts[i], j, counts[j], period);
            weights[k] = PyTorch.random(channelsLast, layer.outChannels(), channels, layer.kernel(), layer.kernel());
        }
        long copies = grouped ? kernels : 1;
        shifted = PyTorch.zeros(channelsLast, batch, copies * channels, extent, extent);
        shiftedWindows = parts(shifted, copies, channels);
        groupedWeights =
                PyTorch.random(channelsLast, copies * layer.outChannels(), channels, layer.kernel(), layer.kernel());
    }

    static List<Way> ways(Layer layer, long batch) {
        List<Way> ways = new ArrayList<>();
        for (boolean channelsLast : new boolean[] {true, false}) {
            String order = channelsLast ? ", channels-last" : ", contiguous";
            ways.add(new Way("a strided convolution per kernel" + order, pass -> {
                PointerScope memory = new PointerScope();
                PyTorchTiled tiled = new PyTorchTiled(layer, batch, channelsLast, false);
                return PyTorch.side(
                        memory,
                        tiled.strided(pass, channelsLast),
                        operand -> tiled.operand(operand, pass, tiled.weights));
            }));
            ways.add(new Way("one grouped convolution" + order, pass -> {
                PointerScope memory = new PointerScope();
                PyTorchTiled tiled = new PyTorchTiled(layer, batch, channelsLast, true);
                return PyTorch.side(
                        memory,
                        tiled.grouped(pass, channelsLast),
                        operand -> tiled.operand(operand, pass, tiled.groupedWeights));
            }));
        }
        return ways;
    }

    private Tensor operand(Operand operand, Pass pass, Tensor... weights) {
        boolean computed = operand == Operand.resultOf(pass);
        return switch (operand) {
            case SOURCE -> computed ? sourceGradient : source;
            case WEIGHTS -> logical(computed ? weightsGradient : weights);
            case OUTPUT -> output;
        };
    }

    /** Of kernels that follow each other, as [OC, kernels down, kernels across, C, KH, KW]. */
    private Tensor logical(Tensor[] weights) {
        long k = layer.kernel();
        return torch.cat(new TensorVector(weights))
                .view(period, period, layer.outChannels(), layer.inChannels(), k, k)
                .permute(2, 0, 1, 3, 4, 5);
    }

    private Tensor inner(Tensor image) {
        long p = layer.padding();
        return PyTorch.window(image, p, layer.input(), p, layer.input(), 1);
    }

    private Tensor[] windows(Tensor image, boolean whole) {
        Tensor[] windows = new Tensor[kernels];
        for (int k = 0; k < kernels; k++) {
            int i = k / period;
            int j = k % period;
            windows[k] = PyTorch.window(
                    image,
                    i * layer.stride(),
                    whole ? extent : (counts[i] - 1) * stride + layer.kernel(),
                    j * layer.stride(),
                    whole ? extent : (counts[j] - 1) * stride + layer.kernel(),
                    1);
        }
        return windows;
    }

    private static Tensor[] parts(Tensor tensor, long count, long channels) {
        Tensor[] parts = new Tensor[(int) count];
        for (int k = 0; k < count; k++) {
            parts[k] = tensor.narrow(1, k * channels, channels);
        }
        return parts;
    }

    private void pad() {
        inner.copy_(source);
    }

    // ---- A convolution per kernel -----------------------------------------------------------------------------------

    private Runnable strided(Pass pass, boolean channelsLast) {
        return switch (pass) {
            case FORWARD ->
                () -> {
                    pad();
                    for (int k = 0; k < kernels; k++) {
                        positions[k].copy_(PyTorch.convolution(layer, windows[k], weights[k], stride, 0, 1));
                    }
                };
            case BACKWARD_DATA -> {
                sourceGradient = PyTorch.ordered(source.clone(), channelsLast);
                yield () -> {
                    paddedSource.zero_();
                    for (int k = 0; k < kernels; k++) {
                        Tensor part = PyTorch.backwardData(layer, positions[k], windows[k], weights[k], stride, 0, 1);
                        windows[k].add_(part);
                    }
                    sourceGradient.copy_(inner);
                };
            }
            case BACKWARD_WEIGHTS ->
                () -> {
                    pad();
                    for (int k = 0; k < kernels; k++) {
                        weightsGradient[k] =
                                PyTorch.backwardWeights(layer, positions[k], windows[k], weights[k], stride, 0, 1);
                    }
                };
        };
    }

    // ---- One convolution --------------------------------------------------------------------------------------------

    private void shift() {
        pad();
        for (int k = 0; k < kernels; k++) {
            shiftedWindows[k].copy_(windows[k]);
        }
    }

    private Tensor position(Tensor part, int k) {
        return PyTorch.window(part, 0, counts[k / period], 0, counts[k % period], 1);
    }

    private void gather(Tensor[] gathered) {
        for (int k = 0; k < kernels; k++) {
            position(gathered[k], k).copy_(positions[k]);
        }
    }

    private Runnable grouped(Pass pass, boolean channelsLast) {
        Tensor all = PyTorch.zeros(channelsLast, source.size(0), kernels * layer.outChannels(), most, most);
        Tensor[] gathered = parts(all, kernels, layer.outChannels());
        return switch (pass) {
            case FORWARD ->
                () -> {
                    shift();
                    Tensor results = PyTorch.convolution(layer, shifted, groupedWeights, stride, 0, kernels);
                    Tensor[] parts = parts(results, kernels, layer.outChannels());
                    for (int k = 0; k < kernels; k++) {
                        positions[k].copy_(position(parts[k], k));
                    }
                };
            case BACKWARD_DATA -> {
                sourceGradient = PyTorch.ordered(source.clone(), channelsLast);
                yield () -> {
                    gather(gathered);
                    Tensor results = PyTorch.backwardData(layer, all, shifted, groupedWeights, stride, 0, kernels);
                    Tensor[] parts = parts(results, kernels, layer.inChannels());
                    paddedSource.zero_();
                    for (int k = 0; k < kernels; k++) {
                        windows[k].add_(parts[k]);
                    }
                    sourceGradient.copy_(inner);
                };
            }
            case BACKWARD_WEIGHTS ->
                () -> {
                    shift();
                    gather(gathered);
                    weightsGradient[0] =
                            PyTorch.backwardWeights(layer, all, shifted, groupedWeights, stride, 0, kernels);
                };
        };
    }
}
