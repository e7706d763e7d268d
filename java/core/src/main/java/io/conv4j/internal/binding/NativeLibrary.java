package io.conv4j.internal.binding;

import java.nio.Buffer;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Const;
import org.bytedeco.javacpp.annotation.CriticalRegion;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Platform;

/**
 * The functions of conv4j.h that Java calls, one native method each; call {@link NativeLoader#ensureLoaded} before the first. Addresses
 * and handles are {@code long}s: a call with longs takes 5 ns, with JavaCPP's pointers 18.
 */
@Platform(
        library = "jniconv4j",
        include = "conv4j/conv4j.h",
        link = "dnnl@.3",
        preload = "gomp@.1",
        preloadresource = "/org/bytedeco/dnnl/")
public final class NativeLibrary {
    private NativeLibrary() {}

    public static native String c4j_last_error();

    public static native int c4j_machine_limits(
            long isa,
            long threads,
            long sizeBytes,
            @Cast("int64_t*") long[] flopsPerSecond,
            @Cast("int64_t*") long[] bytesPerSecond);

    public static native int c4j_memory_allocate(long sizeBytes, @Cast("int64_t*") long[] address);

    public static native int c4j_memory_free(long address, long sizeBytes);

    public static native long c4j_memory_live_bytes();

    public static native long c4j_memory_address(@Const Buffer buffer);

    @Name("c4j_memory_copy")
    @CriticalRegion
    public static native int copyToArray(
            float[] destination,
            long destinationOffset,
            @Cast("const void*") long source,
            long sourceOffset,
            long size);

    @Name("c4j_memory_copy")
    @CriticalRegion
    public static native int copyFromArray(
            @Cast("void*") long destination,
            long destinationOffset,
            @Const float[] source,
            long sourceOffset,
            long size);

    public static native int c4j_layout_size_bytes(
            long layout, @Cast("const int64_t*") long[] dims, long rank, @Cast("int64_t*") long[] sizeBytes);

    public static native String c4j_layout_name(long layout);

    public static native int c4j_layout_type(long layout);

    public static native int c4j_reorder(
            @Cast("const int64_t*") long[] dims,
            long rank,
            long source,
            long sourceBytes,
            long sourceLayout,
            long destination,
            long destinationBytes,
            long destinationLayout,
            long threads);

    public static native int c4j_plan_create(
            @Cast("const c4j_geometry*") long[] geometry,
            @Cast("const c4j_options*") long[] options,
            @Cast("int64_t*") long[] plan);

    public static native int c4j_plan_with_batch(long plan, long n, @Cast("int64_t*") long[] newPlan);

    public static native int c4j_plan_destroy(long plan);

    public static native int c4j_plan_layout(long plan, long operand, @Cast("int64_t*") long[] layout);

    public static native int c4j_plan_pass_layout(long plan, long pass, long operand, @Cast("int64_t*") long[] layout);

    public static native int c4j_plan_workspace_bytes(
            long plan, long pass, long accumulate, @Cast("int64_t*") long[] sizeBytes);

    public static native String c4j_plan_implementation(long plan, long pass);

    public static native int c4j_plan_execute(
            long plan,
            long pass,
            long accumulate,
            long src,
            long srcBytes,
            long srcLayout,
            long weights,
            long weightsBytes,
            long weightsLayout,
            long bias,
            long biasBytes,
            long biasLayout,
            long dst,
            long dstBytes,
            long dstLayout);
}
