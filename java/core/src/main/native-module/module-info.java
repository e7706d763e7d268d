/** Conv4j's native library for linux-x86_64; brings oneDNN's along. */
@SuppressWarnings("module")
module io.conv4j.linux.x86_64 {
    requires org.bytedeco.dnnl.linux.x86_64;
}
