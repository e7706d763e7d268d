package io.conv4j.internal.binding;

import org.bytedeco.javacpp.annotation.Platform;

/**
 * The functions of conv4j.h, one native method each; call {@link NativeLoader#ensureLoaded} before the first.
 */
@Platform(
        library = "jniconv4j",
        include = "conv4j/conv4j.h",
        link = "dnnl@.3",
        preload = "gomp@.1",
        preloadresource = "/org/bytedeco/dnnl/")
public final class NativeLibrary {
    private NativeLibrary() {}

    public static native String c4j_version();
}
