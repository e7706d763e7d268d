package io.conv4j.internal.binding;

import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

/**
 * Has the garbage collector look for native memory that callers have forgotten: the Java heap, which alone makes it
 * run, does not fill up with it.
 */
final class Garbage {
    /** As of direct buffers; beyond it twice what was in use, four times at most. */
    private static final long LEAST_LIMIT = Runtime.getRuntime().maxMemory();

    /**
     * The longest of pauses of 1, 2, 4, ... ms. The cleaner gets its turn late where many programs run: up to 8 ms, ten times
     * the limit were in use once.
     */
    private static final int SHORT_MILLISECONDS = 64;

    private static final int LONG_MILLISECONDS = 256;

    private static volatile long limit = LEAST_LIMIT;

    private Garbage() {}

    /** Where a system kills what takes too much, no allocation fails first. */
    static void beforeAllocating() {
        long live = liveBytes();
        if (live > limit) {
            collectBeyondLimit();
        } else if (limit > LEAST_LIMIT && live < limit / 4) {
            limit = limit(live);
        }
    }

    private static synchronized void collectBeyondLimit() {
        long before = liveBytes();
        if (before > limit) {
            collectUntil(() -> liveBytes() < before / 2, SHORT_MILLISECONDS);
            limit = limit(liveBytes());
        }
    }

    private static long limit(long live) {
        return Math.max(LEAST_LIMIT, 2 * live);
    }

    /**
     * Where an allocation has failed for want of memory.
     *
     * @param allocate returns a status
     * @return the last one, after half a second at most
     */
    static int retry(IntSupplier allocate) {
        int[] status = new int[1];
        BooleanSupplier succeeds = () -> {
            status[0] = allocate.getAsInt();
            return !Status.isOutOfMemory(status[0]);
        };
        collectUntil(succeeds, LONG_MILLISECONDS);
        return status[0];
    }

    /** Collects, and gives what is found time to be freed. */
    private static void collectUntil(BooleanSupplier isEnough, int mostMilliseconds) {
        System.gc();
        boolean interrupted = false;
        for (int pause = 1; pause <= mostMilliseconds && !isEnough.getAsBoolean(); pause *= 2) {
            try {
                Thread.sleep(pause);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static long liveBytes() {
        return NativeLibrary.c4j_memory_live_bytes();
    }
}
