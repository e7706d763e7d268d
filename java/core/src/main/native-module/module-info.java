/** The native library of linux-x86_64, with oneDNN's. */
@SuppressWarnings("module")
module io.conv4j.linux.x86_64 {
    requires org.bytedeco.dnnl.linux.x86_64;
}
