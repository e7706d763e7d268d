package io.conv4j.plan;

import io.conv4j.memory.Layout;
import java.util.ArrayList;
import java.util.List;

/** What one pass of a plan does. Immutable. */
public final class PassDescription {
    private final String name;
    private final String implementation;
    private final List<String> layouts;
    private final List<String> reorders;
    private final double flops;
    private final double bytes;
    private final long workspaceBytes;
    private final double computeSeconds;
    private final double memorySeconds;

    PassDescription(Pass pass, Plan plan, PlanEngine engine) {
        name = pass.method;
        implementation = engine.implementation(pass);
        layouts = new ArrayList<>();
        reorders = new ArrayList<>();
        add("source", plan.sourceLayout(), engine.sourceLayout(pass));
        add("weights", plan.weightsLayout(), engine.weightsLayout(pass));
        add("output", plan.outputLayout(), engine.outputLayout(pass));
        Work work = Work.of(engine.geometry, pass, engine.options.weightsType());
        flops = 2 * work.multiplyAdds();
        bytes = work.bytes();
        workspaceBytes =
                engine.workspaceBytes(pass, pass == Pass.FORWARD ? plan.forwardAccumulate() : Accumulate.OVERWRITE);
        long[] limits = engine.limits((long) Math.min(bytes, 0x1p62));
        computeSeconds = flops / limits[0];
        memorySeconds = bytes / limits[1];
    }

    private void add(String operand, Layout own, Layout computed) {
        layouts.add(computed.toString());
        if (!own.equals(computed)) {
            reorders.add(operand + " (" + own + " in the plan, " + computed + " in this pass)");
        }
    }

    /**
     * The pass.
     *
     * @return {@code forward}, {@code backwardData} or {@code backwardWeights}
     */
    public String name() {
        return name;
    }

    /**
     * What computes it.
     *
     * @return such as {@code onednn jit:avx512_core}
     */
    public String implementation() {
        return implementation;
    }

    /**
     * Operands that the pass computes in another layout than the plan's: it copies them, within its time and workspace.
     *
     * @return one text for each, empty where there is none
     */
    public List<String> reorders() {
        return List.copyOf(reorders);
    }

    /**
     * Multiplications and additions; taps on padding do not count.
     *
     * @return their number
     */
    public double flops() {
        return flops;
    }

    /**
     * Bytes that must be moved: of source, weights and output the elements that some tap inside the source meets, each
     * once, and of the pass's result all; without padding lanes.
     *
     * @return their number
     */
    public double bytes() {
        return bytes;
    }

    /**
     * How much is computed with what is moved.
     *
     * @return flops per byte, 0 where nothing is moved
     */
    public double flopsPerByte() {
        return bytes == 0 ? 0 : flops / bytes;
    }

    /**
     * Native memory that a running call takes beside its operands, where these are in the plan's layouts, and its result
     * is overwritten, or added to as a residual.
     *
     * @return bytes
     */
    public long workspaceBytes() {
        return workspaceBytes;
    }

    /**
     * The roofline of this machine on the plan's threads: the time of its flops in registers, or of its bytes in a copy
     * within memory of their size, at most 64 MB, whichever is longer. The limits are measured when a description first
     * asks for that instruction set, size and number of threads: what else runs then makes them lower than they are.
     *
     * @return seconds of a call at best
     */
    public double expectedSeconds() {
        return Math.max(computeSeconds, memorySeconds);
    }

    /**
     * Which of the two limits it is.
     *
     * @return whether moving bytes takes longer than computing
     */
    public boolean isMemoryBound() {
        return memorySeconds > computeSeconds;
    }

    String toJson() {
        return new Json()
                .put("pass", name)
                .put("implementation", implementation)
                .putRaw(
                        "layouts",
                        new Json()
                                .put("source", layouts.get(0))
                                .put("weights", layouts.get(1))
                                .put("output", layouts.get(2))
                                .toString())
                .putRaw("reorders", reorders.stream().map(Json::quote).toList().toString())
                .put("flops", flops)
                .put("bytes", bytes)
                .put("flops_per_byte", flopsPerByte())
                .put("workspace_bytes", workspaceBytes)
                .put("bound", isMemoryBound() ? "memory" : "compute")
                .put("expected_ms", 1e3 * expectedSeconds())
                .toString();
    }

    /** The pass and what computes it. */
    @Override
    public String toString() {
        return name + ": " + implementation;
    }
}
