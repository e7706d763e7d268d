package io.conv4j.benchmarks;

import java.util.List;
import java.util.function.Function;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongArrayRefOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** PyTorch as its JavaCPP preset brings it, in the formulations that an expert would try, without autograd. */
public final class PyTorch implements Peer {
    private static final BoolPointer ONLY_SOURCE = mask(true, false);
    private static final BoolPointer ONLY_WEIGHTS = mask(false, true);
    private static final long[] NO_PADDING = {0, 0};

    private final NoGradGuard withoutAutograd = new NoGradGuard();

    /** For the service loader. */
    public PyTorch() {
        withoutAutograd.retainReference();
    }

    private static BoolPointer mask(boolean source, boolean weights) {
        return new BoolPointer(3).put(0, source).put(1, weights).put(2, false).retainReference();
    }

    @Override
    public String name() {
        return "pytorch";
    }

    @Override
    public String question() {
        return "peer";
    }

    @Override
    public boolean takes(Layer layer) {
        return true;
    }

    @Override
    public boolean goesOneWay() {
        return false;
    }

    @Override
    public List<Way> ways(Layer layer, long batch, int threads) {
        torch.set_num_threads(threads);
        return switch (layer.op()) {
            case STANDARD, TRANSPOSED -> PyTorchStandard.ways(layer, batch);
            case LOCAL -> PyTorchLocal.ways(layer, batch);
            case TILED -> PyTorchTiled.ways(layer, batch);
        };
    }

    // ---- What the formulations share --------------------------------------------------------------------------------

    /**
     * A side whose calls free what they allocate. {@code operands} shows them in the order of this library's shapes, the
     * result as the call before left it.
     */
    static PeerSide side(PointerScope memory, Runnable call, Function<Operand, Tensor> operands) {
        Side timed = Side.of(
                () -> {
                    PointerScope temporaries = new PointerScope();
                    call.run();
                    temporaries.close();
                },
                memory::close);
        return new PeerSide() {
            @Override
            public double seconds(int calls) {
                return timed.seconds(calls);
            }

            @Override
            public float[] numbers(Operand operand) {
                PointerScope temporaries = new PointerScope();
                call.run();
                Tensor ordered = operands.apply(operand).contiguous();
                float[] numbers = new float[Math.toIntExact(ordered.numel())];
                ordered.data_ptr_float().get(numbers);
                temporaries.close();
                return numbers;
            }

            @Override
            public void close() {
                timed.close();
            }
        };
    }

    static Tensor random(boolean channelsLast, long... sizes) {
        return ordered(torch.rand(sizes).sub_(new org.bytedeco.pytorch.Scalar(0.5f)), channelsLast);
    }

    static Tensor zeros(boolean channelsLast, long... sizes) {
        return ordered(torch.zeros(sizes), channelsLast);
    }

    static Tensor ordered(Tensor tensor, boolean channelsLast) {
        return channelsLast ? tensor.contiguous(torch.MemoryFormat.ChannelsLast) : tensor.contiguous();
    }

    /** Every {@code step}-th position of both spatial axes. */
    static Tensor window(Tensor tensor, long row, long rows, long column, long columns, long step) {
        return tensor.slice(2, at(row), at(row + (rows - 1) * step + 1), step)
                .slice(3, at(column), at(column + (columns - 1) * step + 1), step);
    }

    private static LongOptional at(long position) {
        return new LongOptional(position);
    }

    static Tensor convolution(Layer layer, Tensor source, Tensor weights, long stride, long padding, long groups) {
        long[] dilation = {layer.dilation(), layer.dilation()};
        boolean transposed = layer.op() == Layer.Op.TRANSPOSED;
        return torch.convolution(
                source,
                weights,
                new TensorOptional(),
                both(stride),
                both(padding),
                dilation,
                transposed,
                NO_PADDING,
                groups);
    }

    static void convolutionInto(Tensor result, Layer layer, Tensor source, Tensor weights) {
        torch.convolution_out(
                result,
                source,
                weights,
                new TensorOptional(),
                both(layer.stride()),
                both(layer.padding()),
                both(layer.dilation()),
                layer.op() == Layer.Op.TRANSPOSED,
                NO_PADDING,
                layer.groups());
    }

    static Tensor backwardData(
            Layer layer, Tensor gradient, Tensor source, Tensor weights, long stride, long padding, long groups) {
        return backward(layer, gradient, source, weights, stride, padding, groups, ONLY_SOURCE)
                .get0();
    }

    static Tensor backwardWeights(
            Layer layer, Tensor gradient, Tensor source, Tensor weights, long stride, long padding, long groups) {
        return backward(layer, gradient, source, weights, stride, padding, groups, ONLY_WEIGHTS)
                .get1();
    }

    private static T_TensorTensorTensor_T backward(
            Layer layer,
            Tensor gradient,
            Tensor source,
            Tensor weights,
            long stride,
            long padding,
            long groups,
            BoolPointer mask) {
        return torch.convolution_backward(
                gradient,
                source,
                weights,
                new LongArrayRefOptional(),
                both(stride),
                both(padding),
                both(layer.dilation()),
                layer.op() == Layer.Op.TRANSPOSED,
                NO_PADDING,
                groups,
                mask);
    }

    static long[] both(long size) {
        return new long[] {size, size};
    }
}
