/** Thumbnails on demand, made in a child process with limits and kept in the data folder. */

export interface PreviewService {
  /**
   * Path of a WebP of the picture, upright, at most `size` px wide and high.
   * @throws MillraceError input_damaged, input_not_media, input_too_many_pixels, too_many_requests (queue full), disk_full
   */
  thumbnail(sha256: string, size: number): Promise<string>;
  stop(): Promise<void>;
}
