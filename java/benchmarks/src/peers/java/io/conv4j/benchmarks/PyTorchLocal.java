package io.conv4j.benchmarks;

import io.conv4j.benchmarks.Peer.Way;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Locally connected layers as one matrix product per position: patches {@code [L, N, K]} times weights {@code [L, K, OC]},
 * L the positions, K the taps of all channels. Patches come from unfold, or are copied from a strided view of the padded
 * source; weights lie in either order beforehand; buffers are new in every call, or there from the beginning.
 */
final class PyTorchLocal {
    private final Layer layer;
    private final long batch;
    private final boolean channelsLast;
    private final boolean unfolds;
    private final boolean preallocates;

    // Sizes: positions on an axis and in all, taps on an axis and in all.
    private final long out;
    private final long positions;
    private final long kernel;
    private final long terms;
    private final long channels;
    private final long outChannels;
    private final long padded;

    private final Tensor source;
    private final Tensor paddedSource;
    private final Tensor inner;
    private final Tensor windows;
    private final Tensor patches;
    private final Tensor weights; // [L, K, OC], a view where they lie the other way
    private final Tensor output;
    private final Tensor products; // the output as [L, N, OC]
    private Tensor gradient; // that a backward pass has computed, the weights' as [L, K, OC]

    private PyTorchLocal(
            Layer layer, long batch, boolean channelsLast, boolean ocFirst, boolean unfolds, boolean preallocates) {
        this.layer = layer;
        this.batch = batch;
        this.channelsLast = channelsLast;
        this.unfolds = unfolds;
        this.preallocates = preallocates;
        out = layer.output();
        positions = out * out;
        kernel = layer.kernel();
        channels = layer.inChannels();
        outChannels = layer.outChannels();
        terms = channels * kernel * kernel;
        padded = layer.input() + 2 * layer.padding();
        source = PyTorch.random(channelsLast, batch, channels, layer.input(), layer.input());
        paddedSource = PyTorch.zeros(channelsLast, batch, channels, padded, padded);
        inner = inner(paddedSource);
        inner.copy_(source);
        windows = windows(paddedSource);
        patches = unfolds ? null : windows.contiguous();
        weights = ocFirst
                ? torch.rand(positions, outChannels, terms).transpose(1, 2)
                : torch.rand(positions, terms, outChannels);
        output = PyTorch.random(channelsLast, batch, outChannels, out, out);
        products = output.permute(2, 3, 0, 1).view(positions, batch, outChannels);
    }

    static List<Way> ways(Layer layer, long batch) {
        List<Way> ways = new ArrayList<>();
        for (boolean ocFirst : new boolean[] {false, true}) {
            String order = ocFirst ? ", weights [L, OC, K]" : ", weights [L, K, OC]";
            ways.add(way("unfold + bmm" + order, layer, batch, false, ocFirst, true, false));
            for (boolean channelsLast : new boolean[] {true, false}) {
                String patches = "as_strided + bmm, " + (channelsLast ? "channels-last" : "contiguous") + order;
                ways.add(way(patches, layer, batch, channelsLast, ocFirst, false, false));
                ways.add(way(patches + ", preallocated", layer, batch, channelsLast, ocFirst, false, true));
            }
        }
        return ways;
    }

    private static Way way(
            String how,
            Layer layer,
            long batch,
            boolean channelsLast,
            boolean ocFirst,
            boolean unfolds,
            boolean preallocates) {
        return new Way(how, pass -> {
            PointerScope memory = new PointerScope();
            PyTorchLocal local = new PyTorchLocal(layer, batch, channelsLast, ocFirst, unfolds, preallocates);
            return PyTorch.side(memory, local.pass(pass), operand -> local.operand(operand, pass));
        });
    }

    private Runnable pass(Pass pass) {
        return switch (pass) {
            case FORWARD -> forward();
            case BACKWARD_DATA -> backwardData();
            case BACKWARD_WEIGHTS -> backwardWeights();
        };
    }

    private Tensor operand(Operand operand, Pass pass) {
        boolean computed = operand == Operand.resultOf(pass);
        return switch (operand) {
            case SOURCE -> computed ? gradient : source;
            case WEIGHTS -> logical(computed ? gradient : weights);
            case OUTPUT -> output;
        };
    }

    /** As [OC, OH, OW, C, KH, KW]. */
    private Tensor logical(Tensor weights) {
        return channelsLast
                ? weights.reshape(out, out, kernel, kernel, channels, outChannels)
                        .permute(5, 0, 1, 4, 2, 3)
                : weights.reshape(out, out, channels, kernel, kernel, outChannels)
                        .permute(5, 0, 1, 2, 3, 4);
    }

    private Tensor inner(Tensor image) {
        long p = layer.padding();
        return PyTorch.window(image, p, layer.input(), p, layer.input(), 1);
    }

    /** {@code [OH, OW, N, taps and channels]}; the last of them channels where those are innermost. */
    private Tensor windows(Tensor image) {
        long s = layer.stride();
        long n = image.stride(0);
        long c = image.stride(1);
        long h = image.stride(2);
        long w = image.stride(3);
        return channelsLast
                ? image.as_strided(
                        new long[] {out, out, batch, kernel, kernel, channels}, new long[] {s * h, s * w, n, h, w, c})
                : image.as_strided(
                        new long[] {out, out, batch, channels, kernel, kernel}, new long[] {s * h, s * w, n, c, h, w});
    }

    private Tensor patches() {
        if (unfolds) {
            long[] dilation = {1, 1};
            return torch.im2col(
                            source,
                            PyTorch.both(kernel),
                            dilation,
                            PyTorch.both(layer.padding()),
                            PyTorch.both(layer.stride()))
                    .permute(2, 0, 1)
                    .contiguous();
        }
        if (!preallocates) {
            long p = layer.padding();
            Tensor image = p == 0 ? source : torch.constant_pad_nd(source, p, p, p, p);
            return windows(PyTorch.ordered(image, channelsLast)).reshape(positions, batch, terms);
        }
        if (layer.padding() > 0) {
            inner.copy_(source);
        }
        patches.copy_(windows);
        return patches.view(positions, batch, terms);
    }

    private Runnable forward() {
        if (preallocates && channelsLast) {
            return () -> torch.bmm_out(products, patches(), weights);
        }
        Tensor result = torch.zeros(positions, batch, outChannels);
        return preallocates
                ? () -> products.copy_(torch.bmm_out(result, patches(), weights))
                : () -> products.copy_(torch.bmm(patches(), weights));
    }

    private Runnable backwardData() {
        Tensor transposed = weights.transpose(1, 2);
        if (unfolds) {
            return () -> gradient = torch.col2im(
                    torch.bmm(products.contiguous(), transposed)
                            .permute(1, 2, 0)
                            .contiguous(),
                    PyTorch.both(layer.input()),
                    PyTorch.both(kernel),
                    new long[] {1, 1},
                    PyTorch.both(layer.padding()),
                    PyTorch.both(layer.stride()));
        }
        Tensor gradients = torch.zeros(positions, batch, terms);
        Tensor given = torch.zeros(positions, batch, outChannels);
        Tensor result = PyTorch.zeros(channelsLast, batch, channels, layer.input(), layer.input());
        return () -> {
            Tensor products = this.products;
            if (!channelsLast) {
                products = preallocates ? given.copy_(products) : products.contiguous();
            }
            Tensor taps =
                    preallocates ? torch.bmm_out(gradients, products, transposed) : torch.bmm(products, transposed);
            Tensor image =
                    preallocates ? paddedSource.zero_() : PyTorch.zeros(channelsLast, batch, channels, padded, padded);
            addTaps(taps, image);
            result.copy_(inner(image));
            gradient = result;
        };
    }

    /** Tap by tap, what every position has for it. */
    private void addTaps(Tensor taps, Tensor image) {
        Tensor all = channelsLast
                ? taps.view(out, out, batch, kernel, kernel, channels).permute(3, 4, 2, 5, 0, 1)
                : taps.view(out, out, batch, channels, kernel, kernel).permute(4, 5, 2, 3, 0, 1);
        for (long i = 0; i < kernel; i++) {
            for (long j = 0; j < kernel; j++) {
                PyTorch.window(image, i, out, j, out, layer.stride())
                        .add_(all.select(0, i).select(0, j));
            }
        }
    }

    private Runnable backwardWeights() {
        Tensor given = torch.zeros(positions, batch, outChannels);
        boolean ocFirst = weights.stride(1) == 1;
        Tensor result =
                ocFirst ? torch.zeros(positions, outChannels, terms) : torch.zeros(positions, terms, outChannels);
        gradient = ocFirst ? result.transpose(1, 2) : result;
        return () -> {
            Tensor products = this.products;
            if (!channelsLast) {
                products = preallocates ? given.copy_(products) : products.contiguous();
            }
            Tensor patches = patches();
            if (ocFirst) {
                torch.bmm_out(result, products.transpose(1, 2), patches);
            } else {
                torch.bmm_out(result, patches.transpose(1, 2), products);
            }
        };
    }
}
