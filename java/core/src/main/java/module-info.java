/** Convolutional layers at the speed of the hardware. */
module io.conv4j {
    requires org.bytedeco.javacpp;
}
