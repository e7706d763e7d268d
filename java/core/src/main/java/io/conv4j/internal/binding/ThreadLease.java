package io.conv4j.internal.binding;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.ref.WeakReference;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Bounds the operating-system threads of plans with several threads. The OpenMP runtime keeps a team of workers for every
 * thread that ever called it; here only two threads ever do, so that there are at most 2T workers and helpers however
 * many threads call:
 *
 * <ul>
 *   <li>the holder of the lease, the first to ask, which calls directly until it ends (its team ends with it, but for
 *       threads that the system keeps, such as that of {@code main}),
 *   <li>a driver thread, to which all others hand over and wait.
 * </ul>
 *
 * Plans of one thread need no team: every caller runs them directly, side by side.
 */
public final class ThreadLease {
    /** Weak: an ended thread would keep the class loader of its program. */
    private static final AtomicReference<WeakReference<Thread>> HOLDER =
            new AtomicReference<>(new WeakReference<>(null));

    private static final MethodHandle IS_VIRTUAL = findIsVirtual();

    /** Its thread is started by callers that have to hand over, and ends if for some seconds there are none. */
    private static final ThreadPoolExecutor DRIVER =
            new ThreadPoolExecutor(1, 1, 2, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                Thread thread = new Thread(null, task, "conv4j-driver", 0, false);
                thread.setDaemon(true);
                thread.setContextClassLoader(null);
                return thread;
            });

    static {
        DRIVER.allowCoreThreadTimeOut(true); // It would keep this class's loader.
    }

    /** Calls that take more of the stack than to hand over does. */
    private static final int STACK_DEPTH = 200;

    private ThreadLease() {}

    /** Whether this thread may run a plan of so many threads itself; takes the lease if it is free. */
    public static boolean runsDirectly(int threads) {
        if (threads == 1) {
            return true;
        }
        Thread current = Thread.currentThread();
        WeakReference<Thread> reference = HOLDER.get();
        Thread holder = reference.get();
        if (holder == current) {
            return true;
        }
        // A virtual thread wanders over carriers, each of which would get a team.
        return (holder == null || !holder.isAlive())
                && !isVirtual(current)
                && HOLDER.compareAndSet(reference, new WeakReference<>(current));
    }

    /** Runs on the driver thread, and waits however often this thread is interrupted meanwhile. */
    public static void handOver(Runnable call) {
        NativeResource.probeStack(STACK_DEPTH); // A lock of the queue would stay locked.
        Waiting.uninterruptedly(DRIVER.submit(call));
    }

    private static MethodHandle findIsVirtual() {
        try {
            return MethodHandles.publicLookup()
                    .findVirtual(Thread.class, "isVirtual", MethodType.methodType(boolean.class));
        } catch (ReflectiveOperationException e) {
            return null; // Before Java 21 there are none.
        }
    }

    private static boolean isVirtual(Thread thread) {
        try {
            return IS_VIRTUAL != null && (boolean) IS_VIRTUAL.invokeExact(thread);
        } catch (RuntimeException | Error e) {
            throw e; // a stack that is full
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
