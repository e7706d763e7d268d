/** Conv4j with the native libraries of every platform. */
@SuppressWarnings("module")
module io.conv4j.platform {
    requires transitive io.conv4j;
    requires io.conv4j.linux.x86_64;
}
