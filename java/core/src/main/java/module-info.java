/** Convolutional layers at the speed of the hardware. */
module io.conv4j {
    requires org.bytedeco.javacpp;

    exports io.conv4j.memory;
    exports io.conv4j.plan;
    exports io.conv4j.signal;
    exports io.conv4j.spec;
}
