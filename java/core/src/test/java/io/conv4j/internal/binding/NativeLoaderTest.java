package io.conv4j.internal.binding;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class NativeLoaderTest {
    @Test
    void callsReachTheLibrary() {
        NativeLoader.ensureLoaded();
        assertEquals("0.1.0", NativeLibrary.c4j_version());
    }
}
