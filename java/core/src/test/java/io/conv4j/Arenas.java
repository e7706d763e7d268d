package io.conv4j;

import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** An arena of the foreign memory API, which JDK 17 lacks. */
public final class Arenas implements AutoCloseable {
    private static final boolean EXIST = Runtime.version().feature() >= 22;

    private final Object arena;

    private Arenas(String factory) {
        arena = call(type("Arena"), null, factory);
    }

    public static boolean exist() {
        return EXIST;
    }

    /** Open to the thread that makes it. */
    public static Arenas confined() {
        return new Arenas("ofConfined");
    }

    /** Open to all threads. */
    public static Arenas shared() {
        return new Arenas("ofShared");
    }

    /** A new buffer of zeros. */
    public ByteBuffer buffer(long sizeBytes) {
        Object segment = call(
                type("SegmentAllocator"), arena, "allocate", new Class<?>[] {long.class, long.class}, sizeBytes, (long)
                        Float.BYTES);
        return ((ByteBuffer) call(type("MemorySegment"), segment, "asByteBuffer")).order(ByteOrder.nativeOrder());
    }

    @Override
    public void close() {
        call(type("Arena"), arena, "close");
    }

    private static Class<?> type(String name) {
        try {
            return Class.forName("java.lang.foreign." + name);
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }

    private static Object call(Class<?> type, Object object, String method) {
        return call(type, object, method, new Class<?>[0]);
    }

    private static Object call(
            Class<?> type, Object object, String method, Class<?>[] parameters, Object... arguments) {
        try {
            return type.getMethod(method, parameters).invoke(object, arguments);
        } catch (InvocationTargetException e) {
            throw new AssertionError(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }
}
