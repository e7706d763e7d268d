package io.conv4j.examples;

import io.conv4j.memory.Layout;
import io.conv4j.memory.Tensor;
import io.conv4j.spec.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * A tensor over a direct buffer, for loops of the program's own over its elements.
 *
 * @param tensor the view
 * @param floats the elements in the order of the tensor's layout, padding lanes included
 */
record BufferTensor(Tensor tensor, FloatBuffer floats) implements AutoCloseable {
    private static final int ALIGNMENT = 64;

    static BufferTensor zeros(Shape shape, Layout layout) {
        int sizeBytes;
        try (Tensor sized = Tensor.zeros(shape, layout)) {
            sizeBytes = Math.toIntExact(sized.sizeBytes());
        }
        FloatBuffer floats = ByteBuffer.allocateDirect(sizeBytes + 2 * ALIGNMENT)
                .alignedSlice(ALIGNMENT)
                .limit(sizeBytes)
                .slice()
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        return new BufferTensor(Tensor.view(floats, shape, layout), floats);
    }

    @Override
    public void close() {
        tensor.close();
    }
}
