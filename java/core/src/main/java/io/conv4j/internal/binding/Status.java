package io.conv4j.internal.binding;

/** The one place where a native status becomes an exception. */
public final class Status {
    private static final int OK = 0;
    private static final int INVALID_ARGUMENT = 1;
    private static final int OUT_OF_MEMORY = 2;
    private static final int UNSUPPORTED = 3;

    private Status() {}

    /** Throws what the status of a native call that just returned on this thread stands for. */
    public static void check(int status) {
        if (status != OK) {
            throw failure(status, NativeLibrary.c4j_last_error());
        }
    }

    static boolean isOutOfMemory(int status) {
        return status == OUT_OF_MEMORY;
    }

    private static RuntimeException failure(int status, String message) {
        return switch (status) {
            case INVALID_ARGUMENT -> new IllegalArgumentException(message);
            case OUT_OF_MEMORY -> throw new OutOfMemoryError(message);
            case UNSUPPORTED -> new UnsupportedOperationException(message);
            default -> new IllegalStateException("native code failed: " + message);
        };
    }
}
