/**
 * How close a Java caller comes to what the machine and others can do: {@link io.conv4j.benchmarks.Bench} is the command,
 * {@link io.conv4j.benchmarks.CallOverhead} what JMH measures.
 */
package io.conv4j.benchmarks;
