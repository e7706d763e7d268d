package io.conv4j.internal.binding;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/**
 * Calls that lie about their memory, which end a JVM whose native library is instrumented, and corrupt any other. {@code
 * ci/check-sanitizer} runs them by name; no other test run takes this class for one of tests.
 */
class PlantedFault {
    private static final long WEIGHTS = 1; // the operand
    private static final long CHANNELS = 64;
    private static final long IMAGE = 3 * CHANNELS * Float.BYTES;

    @Test
    void address() {
        forward(allocate(IMAGE - CHANNELS * Float.BYTES), 0);
    }

    @Test
    void undefined() {
        forward(allocate(IMAGE), 2);
    }

    private static void forward(long source, long weightsShift) {
        // One axis, local: 3 positions of one tap.
        long[] geometry = {1, 1, CHANNELS, CHANNELS, 1, 0, 0, 0, 3, 1, 1, 1, 0, 0, 3, 2, 1};
        long[] plan = new long[1];
        Status.check(NativeLibrary.c4j_plan_create(Arrays.copyOf(geometry, 35), null, plan));
        long[] layout = new long[1];
        Status.check(NativeLibrary.c4j_plan_layout(plan[0], WEIGHTS, layout));
        long weightsBytes = 3 * CHANNELS * CHANNELS * Float.BYTES;
        long weights = allocate(weightsBytes + Float.BYTES) + weightsShift;
        long output = allocate(IMAGE);
        Status.check(NativeLibrary.c4j_plan_execute(
                plan[0], 0, 0, source, IMAGE, 1, weights, weightsBytes, layout[0], 0, 0, 0, output, IMAGE, 1));
        fail("nothing has noticed");
    }

    private static long allocate(long sizeBytes) {
        NativeLoader.ensureLoaded();
        long[] address = new long[1];
        Status.check(NativeLibrary.c4j_memory_allocate(sizeBytes, address));
        return address[0];
    }
}
