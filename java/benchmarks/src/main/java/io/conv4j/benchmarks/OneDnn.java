package io.conv4j.benchmarks;

import io.conv4j.memory.Tensor;
import io.conv4j.spec.Axis;
import io.conv4j.spec.ConvGeometry;
import java.util.ArrayList;
import java.util.List;

/**
 * oneDNN called from C++ by a loop that does nothing else. Its choices are those of a program that trains the layer: each
 * operand rests in one layout, which the layer's forward pass chooses, and a pass that needs another pays for the reorder.
 */
final class OneDnn implements Peer {
    private static final String LIBRARY = "conv4j.onednn";
    private static final List<String> LAYOUTS = List.of("any", "any, activations kept", "channels-last");

    OneDnn() {
        Tensor.liveBytes(); // Loads oneDNN first, so that both sides share it and its threads.
        System.load(System.getProperty(LIBRARY));
    }

    @Override
    public String name() {
        return "onednn";
    }

    @Override
    public String question() {
        return "boundary";
    }

    @Override
    public boolean takes(Layer layer) {
        return layer.op() == Layer.Op.STANDARD || layer.op() == Layer.Op.TRANSPOSED;
    }

    @Override
    public boolean goesOneWay() {
        return true;
    }

    @Override
    public List<Way> ways(Layer layer, long batch, int threads) {
        long[] geometry = geometry(layer, batch);
        List<Way> ways = new ArrayList<>();
        for (boolean deconvolution :
                layer.op() == Layer.Op.TRANSPOSED ? new boolean[] {false, true} : new boolean[] {false}) {
            for (int i = 0; i < LAYOUTS.size(); i++) {
                int layouts = i;
                ways.add(new Way(
                        LAYOUTS.get(i) + (deconvolution ? ", deconvolution" : ""),
                        pass -> new Convolution(
                                create(geometry, passOfPlan(layer, pass), threads, layouts, deconvolution),
                                layer.op() == Layer.Op.TRANSPOSED)));
            }
        }
        return ways;
    }

    private record Convolution(long handle, boolean mirrored) implements PeerSide {
        @Override
        public double seconds(int calls) {
            return run(handle, calls, Clock.isOfThread());
        }

        @Override
        public float[] numbers(Operand operand) {
            run(handle, 1, false);
            // Operands go by their numbers in conv4j.h, of the convolution that a transposed layer mirrors.
            return OneDnn.numbers(
                    handle,
                    switch (operand) {
                        case SOURCE -> mirrored ? 3 : 0;
                        case WEIGHTS -> 1;
                        case OUTPUT -> mirrored ? 0 : 3;
                    });
        }

        @Override
        public void close() {
            destroy(handle);
        }

        @Override
        public String detail() {
            return ": " + implementation(handle);
        }
    }

    /** A transposed layer's forward pass is the backward-data of the convolution that it mirrors. */
    private static int passOfPlan(Layer layer, Pass pass) {
        return layer.op() == Layer.Op.TRANSPOSED && pass != Pass.BACKWARD_WEIGHTS ? 1 - pass.ordinal() : pass.ordinal();
    }

    /** As c4j_geometry in conv4j.h. */
    private static long[] geometry(Layer layer, long batch) {
        ConvGeometry geometry = layer.geometry(batch);
        long[] fields = new long[8 + 9 * geometry.axes().size()];
        fields[0] = geometry.axes().size();
        fields[1] = batch;
        fields[2] = geometry.inChannels();
        fields[3] = geometry.outChannels();
        fields[4] = geometry.groups();
        fields[7] = geometry.isTransposed() ? 1 : 0;
        int i = 8;
        for (Axis axis : geometry.axes()) {
            fields[i++] = axis.input();
            fields[i++] = axis.kernel();
            fields[i++] = axis.stride();
            fields[i++] = axis.dilation();
            fields[i++] = axis.padBegin();
            fields[i++] = axis.padEnd();
            fields[i++] = axis.output();
            i += 2; // shared
        }
        return fields;
    }

    private static native long create(long[] geometry, long pass, int threads, int layouts, boolean deconvolution);

    private static native String implementation(long handle);

    private static native float[] numbers(long handle, int operand);

    private static native double run(long handle, int calls, boolean threadTime);

    private static native void destroy(long handle);
}
