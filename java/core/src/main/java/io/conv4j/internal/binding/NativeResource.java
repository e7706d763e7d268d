package io.conv4j.internal.binding;

import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import java.util.function.ToIntFunction;

/**
 * The life of something native: an atomic use count with a closed bit. Use after close throws; closing twice does
 * nothing; closing in use returns at once and the last use frees.
 *
 * <p>Java's part comes first and {@link #create} after it: where the Java heap is out, nothing native is left behind.
 */
public final class NativeResource {
    private static final int CLOSED = Integer.MIN_VALUE;

    /** Nested calls whose frames take more than those of releasing: 6 do interpreted, and 20 cost 40 ns. */
    private static final int STACK_DEPTH = 10;

    private static Cleaner cleaner;

    private final State state;
    private final Cleaner.Cleanable cleanable;

    /**
     * @param owner the object whose unreachability closes the resource; {@code free} must not refer to it
     * @param free frees the handle that {@link #create} found; runs once, on whichever thread comes last
     */
    public NativeResource(Object owner, LongConsumer free) {
        state = new State(free);
        cleanable = cleaner().register(owner, state);
    }

    /** Starts its thread at the first call, and at the next one if the system has no room for it. */
    private static synchronized Cleaner cleaner() {
        if (cleaner == null) {
            cleaner = Cleaner.create();
        }
        return cleaner;
    }

    /**
     * Makes what will be freed.
     *
     * @param create a native function that stores a handle and returns a status
     * @return the handle
     */
    public long create(ToIntFunction<long[]> create) {
        int status = create.applyAsInt(state.handle);
        if (Status.isOutOfMemory(status)) {
            status = Garbage.retry(() -> create.applyAsInt(state.handle));
        }
        Status.check(status);
        return state.handle[0];
    }

    /**
     * A stack that overflows is to do so here, with nothing in use: where {@link #acquire} has room, {@link #release} may
     * have none.
     */
    public static void probeStack() {
        probeStack(STACK_DEPTH);
    }

    static int probeStack(int depth) {
        return depth == 0 ? 0 : 1 + probeStack(depth - 1);
    }

    /**
     * Begins a use, which {@link #release()} ends; {@link #probeStack()} comes before the first.
     *
     * @param name what the caller calls it
     * @throws IllegalStateException if it is closed
     */
    public void acquire(String name) {
        int uses;
        do {
            uses = state.get();
            checkOpen(name, uses);
        } while (!state.compareAndSet(uses, uses + 1));
    }

    /**
     * Checks that uses may begin.
     *
     * @param name what the caller calls it
     * @throws IllegalStateException if it is closed
     */
    public void checkOpen(String name) {
        checkOpen(name, state.get());
    }

    private static void checkOpen(String name, int uses) {
        if (uses < 0) {
            throw new IllegalStateException(name + ": expected it open but it is closed");
        }
    }

    /** Ends a use. */
    public void release() {
        if (state.decrementAndGet() == CLOSED) {
            state.free();
        }
    }

    /** Forbids further uses and frees after the last one. */
    public void close() {
        probeStack();
        cleanable.clean();
    }

    public boolean isClosed() {
        return state.get() < 0;
    }

    /** The count is the integer itself; apart from the owner, which the cleaner must not reach. */
    private static final class State extends AtomicInteger implements Runnable {
        private static final long serialVersionUID = 1;

        @SuppressWarnings("serial") // never serialized
        private final LongConsumer free;

        private final long[] handle = new long[1]; // 0: nothing to free

        private State(LongConsumer free) {
            this.free = free;
        }

        @Override
        public void run() {
            if (getAndAdd(CLOSED) == 0) {
                free();
            }
        }

        private void free() {
            if (handle[0] != 0) {
                free.accept(handle[0]);
            }
        }
    }
}
