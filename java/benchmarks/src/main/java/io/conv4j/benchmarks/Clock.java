package io.conv4j.benchmarks;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/** What calls are timed by: the wall's clock, or this thread's time on its processor. */
final class Clock {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static boolean ofThread;

    private Clock() {}

    /** For one thread on a machine that others use too: waiting for a processor does not count then. */
    static void useThreadTime() {
        ofThread = true;
    }

    static boolean isOfThread() {
        return ofThread;
    }

    static long nanos() {
        return ofThread ? THREADS.getCurrentThreadCpuTime() : System.nanoTime();
    }
}
