/* JPEG, by libjpeg: baseline and progressive, grey, colour and CMYK. It makes the image smaller as it reads, by its
 * whole blocks. */
#include "shared/readers/pixels_private.h"

#ifdef CREEL_JPEG
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#define PROGRESSIVE_MOST (12u << 20) /* pixels: all of one are kept until its last scan */
#define SCANS_MOST 100               /* each goes over the whole image, however few bytes it has */

struct jpeg {
	struct jpeg_decompress_struct d;
	struct jpeg_error_mgr errors;
	struct jpeg_progress_mgr progress;
	jmp_buf stop;
	struct pixel_grid *grid;
	uint8_t *row; /* freed by the one who catches `stop` */
	bool any, no_memory, too_large;
};

static void on_error(j_common_ptr d)
{
	struct jpeg *j = d->client_data;
	longjmp(j->stop, 1);
}

static void on_message(j_common_ptr d, int level)
{
	(void)d;
	(void)level; /* a damaged image is shown as far as it goes */
}

static void on_progress(j_common_ptr d)
{
	struct jpeg *j = d->client_data;
	if (j->d.input_scan_number > SCANS_MOST)
		longjmp(j->stop, 1);
}

/* As small as the reader can make it without being smaller than the grid. */
static void choose_scale(struct jpeg *j)
{
	unsigned of = 8;
	while (of > 1 && ((j->d.image_width + of - 1) / of < (unsigned)j->grid->width ||
			  (j->d.image_height + of - 1) / of < (unsigned)j->grid->height))
		of /= 2;
	j->d.scale_num = 1;
	j->d.scale_denom = of;
	j->d.dct_method = JDCT_IFAST;
	j->d.do_fancy_upsampling = FALSE;
	bool inks = j->d.jpeg_color_space == JCS_CMYK || j->d.jpeg_color_space == JCS_YCCK;
	j->d.out_color_space = inks ? JCS_CMYK : JCS_RGB;
}

/* Four inks are nearly always turned round, as Adobe's programs write them: 255 is none. */
static void add_row(struct jpeg *j, uint32_t y)
{
	bool inks = j->d.output_components == 4;
	for (uint32_t x = 0; x < j->d.output_width; x++) {
		const uint8_t *at = j->row + (size_t)x * (size_t)j->d.output_components;
		uint8_t rgb[3];
		for (int i = 0; i < 3; i++) {
			unsigned ink = inks && !j->d.saw_Adobe_marker ? 255u - at[i] : at[i];
			unsigned black = !inks ? 255u : j->d.saw_Adobe_marker ? at[3] : 255u - at[3];
			rgb[i] = (uint8_t)(ink * black / 255);
		}
		pixels_add(j->grid, x, y, rgb, false);
	}
	j->any = true;
}

static void read_rows(struct jpeg *j, struct bytes image)
{
	jpeg_mem_src(&j->d, image.at, image.len);
	jpeg_read_header(&j->d, TRUE);
	uint64_t pixels = (uint64_t)j->d.image_width * j->d.image_height;
	j->too_large = pixels > PIXELS_MOST_SCALED || (jpeg_has_multiple_scans(&j->d) && pixels > PROGRESSIVE_MOST);
	if (j->too_large)
		return;
	choose_scale(j);
	jpeg_start_decompress(&j->d);
	j->row = malloc((size_t)j->d.output_width * (size_t)j->d.output_components);
	j->no_memory = !j->row;
	j->grid->full_width = j->d.output_width;
	j->grid->full_height = j->d.output_height;
	while (j->row && j->d.output_scanline < j->d.output_height) {
		uint32_t y = j->d.output_scanline;
		if (jpeg_read_scanlines(&j->d, &j->row, 1) == 1)
			add_row(j, y);
	}
}

enum pixels_result pixels_read_jpeg(struct bytes image, struct pixel_grid *g)
{
	struct jpeg *j = calloc(1, sizeof *j);
	if (!j)
		return PIXELS_NO_MEMORY;
	j->grid = g;
	j->d.err = jpeg_std_error(&j->errors);
	j->errors.error_exit = on_error;
	j->errors.emit_message = on_message;
	j->d.client_data = j;
	if (!setjmp(j->stop)) {
		jpeg_create_decompress(&j->d);
		j->progress.progress_monitor = on_progress;
		j->d.progress = &j->progress;
		read_rows(j, image);
	}
	jpeg_destroy_decompress(&j->d);
	enum pixels_result result = j->too_large   ? PIXELS_TOO_LARGE
				    : j->no_memory ? PIXELS_NO_MEMORY
				    : j->any       ? PIXELS_READ
						   : PIXELS_DAMAGED;
	free(j->row);
	free(j);
	return result;
}
#else
enum pixels_result pixels_read_jpeg(struct bytes image, struct pixel_grid *g)
{
	(void)image;
	(void)g;
	return PIXELS_LEFT_OUT;
}
#endif
